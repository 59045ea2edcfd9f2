-- Takes a lease on queues: on all of them, or on none.
-- KEYS  1 the set of paused queues, then the leases of each queue
-- ARGV  1 id, 2 the lease, 3 stale, 4 seconds that leases are kept, 5 1: pause here; then the queues
-- Returns ok and for each queue whether it was paused before the first lease (1 or 0); or
--   wait: somebody is resuming one of them just now; version: another jobctl's leases are there;
--   each with the queue, and the version.

local paused, id, lease, stale, kept, by_redis =
  KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5] == '1'

for i = 2, #KEYS do
  local version = foreign(KEYS[i])
  if version then return { 'version', ARGV[4 + i], version } end
  if leaving(KEYS[i], stale) then return { 'wait', ARGV[4 + i] } end
end

local taken = { 'ok' }
for i = 2, #KEYS do
  local hold, queue = KEYS[i], ARGV[4 + i]
  local live, dead = leases(hold, stale)
  if #live + #dead == 0 then
    redis.call('DEL', hold)
    redis.call('HSET', hold, 'v', VERSION, 'before', redis.call('SISMEMBER', paused, queue))
  elseif redis.call('SISMEMBER', paused, queue) == 0 then
    redis.call('HSET', hold, 'before', 0)  -- whoever resumed it meanwhile does not want it paused
  end
  redis.call('HDEL', hold, 'leaving')
  redis.call('HSET', hold, 'lease:' .. id, lease, 'beat:' .. id, seconds())
  redis.call('EXPIRE', hold, kept)
  if by_redis then redis.call('SADD', paused, queue) end
  taken[#taken + 1] = redis.call('HGET', hold, 'before')
end
return taken
