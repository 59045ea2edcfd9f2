-- Resumes queues by hand, or forgets the notes of those that were resumed by way of their server.
-- KEYS  1 the set of paused queues, 2 the notes of pauses, then the leases of each queue
-- ARGV  1 stale, 2 1: also where they are held, 3 1: resume here, then the queues
-- Returns for each queue r: it was paused; n: it was not; or nothing at all where one of them is
--   held and may not be resumed: then nothing was changed.

local paused, notes = KEYS[1], KEYS[2]
local stale, force, by_redis = tonumber(ARGV[1]), ARGV[2] == '1', ARGV[3] == '1'

local function held(hold)
  if foreign(hold) or leaving(hold, stale) then return true end
  local live, dead = leases(hold, stale)
  return #live + #dead > 0
end

for i = 3, #KEYS do
  if not force and held(KEYS[i]) then return '' end
end
local found = {}
for i = 3, #KEYS do
  local hold, queue = KEYS[i], ARGV[1 + i]
  local was = redis.call('SISMEMBER', paused, queue)
  if by_redis then redis.call('SREM', paused, queue) end
  redis.call('HDEL', notes, queue)
  -- Whoever asks that it runs now does not want it to stay paused later.
  if redis.call('EXISTS', hold) == 1 and not foreign(hold) then redis.pcall('HSET', hold, 'before', 0) end
  found[#found + 1] = was == 1 and 'r' or 'n'
end
return table.concat(found)
