-- Put members back into a sorted set with their scores: the undo of discard.
-- Uses: begin
-- KEYS  1 operation, 2 source
-- ARGV  1 number, 2 kept, then the members, then a score for each
-- Returns the result: d, g (it is there already).

local source = KEYS[2]
local count = (#ARGV - 2) / 2
local failure = claim(nil)
if failure then return failure end
local scores, refused = attempt('ZMSCORE', source, unpack(ARGV, 3, 2 + count))
if refused then return abandon(refused) end
local outcomes, adding = {}, {}
for i = 1, count do
  outcomes[i] = scores[i] and 'g' or 'd'
  if not scores[i] then
    adding[#adding + 1] = ARGV[2 + count + i]
    adding[#adding + 1] = ARGV[2 + i]
  end
end
if #adding > 0 then
  local _
  _, refused = attempt('ZADD', source, 'NX', unpack(adding))
  if refused then return abandon(refused) end
end
return finish(outcomes)
