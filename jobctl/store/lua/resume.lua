-- Resumes queues by hand, or forgets the notes of those that were resumed by way of their server.
-- KEYS  1 the set of paused queues, 2 the notes of pauses, then the leases of each queue
-- ARGV  1 1: also where they are held, 2 1: resume here, then the queues
-- Returns for each queue r: it was paused; n: it was not; or nothing at all where one of them is
--   held and may not be resumed: then nothing was changed.

local paused, notes, force, by_redis = KEYS[1], KEYS[2], ARGV[1] == '1', ARGV[2] == '1'
for i = 3, #KEYS do
  if not force and redis.call('EXISTS', KEYS[i]) == 1 then return '' end
end
local found = {}
for i = 3, #KEYS do
  local hold, queue = KEYS[i], ARGV[i]
  local was = redis.call('SISMEMBER', paused, queue)
  if by_redis then redis.call('SREM', paused, queue) end
  redis.call('HDEL', notes, queue)
  -- Whoever asks that it runs now does not want it to stay paused later.
  if redis.call('EXISTS', hold) == 1 and not foreign(hold) then redis.pcall('HSET', hold, 'before', 0) end
  found[#found + 1] = was == 1 and 'r' or 'n'
end
return table.concat(found)
