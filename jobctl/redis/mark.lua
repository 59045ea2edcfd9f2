-- Marks queues that are about to be resumed by way of their server, so that whoever comes to hold
-- one of them waits until that is done: all of them, or none.
-- KEYS  the leases of each queue
-- ARGV  1 id, 2 stale, 3 1: also where they are held, then the queues
-- Returns ok; or held, or wait (somebody else is resuming it just now), with the queue.

local id, stale, force = ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1'
for i = 1, #KEYS do
  local live, dead = leases(KEYS[i], stale)
  if not force and (foreign(KEYS[i]) or #live + #dead > 0) then return { 'held', ARGV[3 + i] } end
  if leaving(KEYS[i], stale) then return { 'wait', ARGV[3 + i] } end
end
for i = 1, #KEYS do
  if not foreign(KEYS[i]) then
    redis.call('HSET', KEYS[i], 'v', VERSION, 'leaving', id, 'beat:' .. id, seconds())
    if redis.call('TTL', KEYS[i]) == -1 then redis.call('EXPIRE', KEYS[i], 3600) end
  end
end
return { 'ok' }
