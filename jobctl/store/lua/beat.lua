-- Says that the holder of a lease lives.
-- KEYS  1 the set of paused queues, then the leases of each queue
-- ARGV  1 id, 2 seconds that leases are kept, then the queues
-- Returns for each queue p: held and paused; r: held, and somebody resumed it; l: the lease is lost.

local paused, id, kept = KEYS[1], ARGV[1], ARGV[2]
local found = {}
for i = 2, #KEYS do
  local hold, queue = KEYS[i], ARGV[1 + i]
  if redis.call('HEXISTS', hold, 'lease:' .. id) == 1 then
    redis.call('HSET', hold, 'beat:' .. id, seconds())
    redis.call('EXPIRE', hold, kept)
    found[#found + 1] = redis.call('SISMEMBER', paused, queue) == 1 and 'p' or 'r'
  else
    found[#found + 1] = 'l'
  end
end
return table.concat(found)
