-- Move members from one sorted set to another: kill, requeue --in, and the undo of both.
-- Uses: begin
-- KEYS  1 operation, 2 source, 3 target
-- ARGV  1 number, 2 kept, 3 first score, 4 step from one score to the next, 5 how many members,
--       then the members; then, if they change, what they become; then, if 3 is empty, a score for
--       each
-- Returns the result: d, t, g.

local source, target = KEYS[2], KEYS[3]
local first, step, count = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local given = #ARGV - (first and 0 or count)
local new = given > 5 + count and 5 + count or 5

local failure = claim(source)
if failure then return failure end
local scores, refused = attempt('ZMSCORE', source, unpack(ARGV, 6, 5 + count))
if refused then return abandon(refused) end

local outcomes, moved, was, becoming, adding, places = {}, {}, {}, {}, {}, {}
for i = 1, count do
  if scores[i] then
    outcomes[i] = 'd'
    moved[#moved + 1] = ARGV[5 + i]
    was[#was + 1] = scores[i]
    becoming[#becoming + 1] = ARGV[new + i]
    places[#moved] = i
    adding[#adding + 1] = first and first + step * (i - 1) or ARGV[given + i]
    adding[#adding + 1] = ARGV[new + i]
  else
    outcomes[i] = 'g'
  end
end
if #moved == 0 then return finish(outcomes) end

-- The target first: what it refuses has cost nothing yet.
local added
added, refused = attempt('ZADD', target, 'NX', unpack(adding))
if refused then return abandon(refused) end
local own = becoming
if added < #moved then
  own = {}
  local there = redis.call('ZMSCORE', target, unpack(becoming))
  for i = 1, #moved do
    if tonumber(there[i]) == tonumber(adding[2 * i - 1]) then
      own[#own + 1] = becoming[i]
    else
      outcomes[places[i]] = 't'
    end
  end
end

refused = remove(source, moved, was)
if refused then
  if #own > 0 then redis.call('ZREM', target, unpack(own)) end
  return abandon(refused)
end
return finish(outcomes)
