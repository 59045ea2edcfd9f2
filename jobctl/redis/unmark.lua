-- Takes the marks of queues away again; leases stay.
-- KEYS  the leases of each queue
-- ARGV  1 id, 2 stale, then the queues
-- Returns how many.

local id, stale, taken = ARGV[1], tonumber(ARGV[2]), 0
for i = 1, #KEYS do
  if redis.call('HGET', KEYS[i], 'leaving') == id then
    redis.call('HDEL', KEYS[i], 'leaving', 'beat:' .. id)
    local live, dead = leases(KEYS[i], stale)
    if #live + #dead == 0 then redis.call('DEL', KEYS[i]) end
    taken = taken + 1
  end
end
return taken
