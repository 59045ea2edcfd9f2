-- Pauses queues by hand, or notes who did so by way of their server.
-- KEYS  1 the set of paused queues, 2 the notes of pauses, then the leases of each queue
-- ARGV  1 who, when and why, 2 1: a note that is there is replaced, 3 1: pause here, 4 for each
--       queue 1 where it was paused before, else 0, or nothing: look here; then the queues
-- Returns for each queue a: it was paused already; p: paused now.
-- A queue that is held stays paused when its holders are gone.

local paused, notes = KEYS[1], KEYS[2]
local note, anew, by_redis, before = ARGV[1], ARGV[2] == '1', ARGV[3] == '1', ARGV[4]
local found = {}
for i = 3, #KEYS do
  local hold, queue = KEYS[i], ARGV[2 + i]
  local was = string.sub(before, i - 2, i - 2)
  if was == '' then was = redis.call('SISMEMBER', paused, queue) else was = tonumber(was) end
  if by_redis then redis.call('SADD', paused, queue) end
  local held = redis.call('EXISTS', hold) == 1 and not foreign(hold)
  if was == 0 or anew then
    redis.call('HSET', notes, queue, note)
  elseif held then
    redis.call('HSETNX', notes, queue, note)
  end
  if held then redis.call('HSET', hold, 'before', 1) end
  found[#found + 1] = was == 1 and 'a' or 'p'
end
return table.concat(found)
