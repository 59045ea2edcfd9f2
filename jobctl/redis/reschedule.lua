-- Give members of a sorted set new scores: reschedule, kill of dead jobs, and the undo of both.
-- Uses: begin
-- KEYS  1 operation, 2 source
-- ARGV  1 number, 2 kept, 3 first score, 4 step from one score to the next, then the members;
--       if 3 is empty: the members, a score for each, and the score that each must still have
-- Returns the result: d, g.

local source = KEYS[2]
local first, step = tonumber(ARGV[3]), tonumber(ARGV[4])
local count = first and #ARGV - 4 or (#ARGV - 4) / 3

local failure = claim(source)
if failure then return failure end
local scores, refused = attempt('ZMSCORE', source, unpack(ARGV, 5, 4 + count))
if refused then return abandon(refused) end

local outcomes, changing = {}, {}
for i = 1, count do
  local expected = not first and tonumber(ARGV[4 + 2 * count + i])
  if scores[i] and (first or tonumber(scores[i]) == expected) then
    outcomes[i] = 'd'
    changing[#changing + 1] = first and first + step * (i - 1) or ARGV[4 + count + i]
    changing[#changing + 1] = ARGV[4 + i]
  else
    outcomes[i] = 'g'
  end
end
if #changing > 0 then
  local _
  _, refused = attempt('ZADD', source, 'XX', unpack(changing))
  if refused then return abandon(refused) end
end
return finish(outcomes)
