-- Moves members of a sorted set to queues, each in its new form.
-- KEYS  1 operation, 2 source, 3 the set of queue names, then the list of each queue
-- ARGV  1 number, 2 kept, 3 LPUSH or RPUSH, 4 the moment as JSON, then for each list: the queue's
--       name, how many members, the members, for each the last byte before the moment and the
--       first one behind it; or nothing, and what is pushed in its place
-- Returns the result, list by list: d, g, f.

local source, names, push, moment = KEYS[2], KEYS[3], ARGV[3], ARGV[4]
local sub = string.sub

-- Takes back what was just pushed.
local function take_back(list, count)
  if push == 'LPUSH' then
    redis.call('LTRIM', list, count, -1)
  else
    redis.call('LTRIM', list, 0, -1 - count)
  end
end

-- Moves those that are there; answers with the error that left all of them where they were.
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
local at = 5
for k = 4, #KEYS do
  local name, count = ARGV[at], tonumber(ARGV[at + 1])
  local old = at + 2
  local starts, stops = old + count, old + 2 * count
  local scores = redis.call('ZMSCORE', source, unpack(ARGV, old, starts - 1))
  local moved, was, pushed, from = {}, {}, {}, #outcomes
  for i = 1, count do
    outcomes[from + i] = scores[i] and 'd' or 'g'
    if scores[i] then
      local member, start, stop = ARGV[old + i - 1], ARGV[starts + i - 1], ARGV[stops + i - 1]
      moved[#moved + 1] = member
      was[#was + 1] = scores[i]
      pushed[#pushed + 1] = start == '' and stop or sub(member, 1, start) .. moment .. sub(member, stop)
    end
  end
  local refused = #moved > 0 and requeue(KEYS[k], name, moved, was, pushed)
  if refused then
    reason = refused.err
    for i = from + 1, from + count do
      if outcomes[i] == 'd' then outcomes[i] = 'f' end
    end
  end
  at = stops + count
end
return finish(outcomes, reason)
