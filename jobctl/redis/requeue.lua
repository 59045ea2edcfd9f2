-- Move members of a sorted set to queues, each in its new form.
-- Uses: begin
-- KEYS  1 operation, 2 source, 3 the set of queue names, then the list of each queue
-- ARGV  1 number, 2 kept, 3 LPUSH or RPUSH, then for each list: the queue's name, how many
--       members, the members, and what is pushed in their place
-- Returns the result, list by list: d, g, f.

local source, names, push = KEYS[2], KEYS[3], ARGV[3]

-- Take back what was just pushed.
local function take_back(list, count)
  if push == 'LPUSH' then
    redis.call('LTRIM', list, count, -1)
  else
    redis.call('LTRIM', list, 0, -1 - count)
  end
end

-- Move the members that are there; returns the error if all of them stayed where they were.
local function requeue(list, name, moved, was, pushed)
  local _, refused = attempt(push, list, unpack(pushed))
  if refused then return refused end
  _, refused = attempt('SADD', names, name)
  if refused then
    take_back(list, #pushed)
    return refused
  end
  refused = remove(source, moved, was)
  if refused then take_back(list, #pushed) end
  return refused
end

local failure = claim(source)
if failure then return failure end
local outcomes, reason = {}, nil
local at = 4
for k = 4, #KEYS do
  local name, count = ARGV[at], tonumber(ARGV[at + 1])
  local old, new = at + 2, at + 2 + count
  local scores = redis.call('ZMSCORE', source, unpack(ARGV, old, new - 1))
  local moved, was, pushed, from = {}, {}, {}, #outcomes
  for i = 1, count do
    outcomes[from + i] = scores[i] and 'd' or 'g'
    if scores[i] then
      moved[#moved + 1] = ARGV[old + i - 1]
      was[#was + 1] = scores[i]
      pushed[#pushed + 1] = ARGV[new + i - 1]
    end
  end
  local refused = #moved > 0 and requeue(KEYS[k], name, moved, was, pushed)
  if refused then
    reason = refused.err
    for i = from + 1, from + count do
      if outcomes[i] == 'd' then outcomes[i] = 'f' end
    end
  end
  at = new + count
end
return finish(outcomes, reason)
