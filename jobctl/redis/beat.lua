-- Says that the holder of a lease lives, or that it has given up.
-- KEYS  1 the set of paused queues, then the leases of each queue
-- ARGV  1 id, 2 seconds that leases are kept, 3 1: it lives no more, then the queues
-- Returns for each queue p: held and paused; r: held, and somebody resumed it; l: the lease is lost.

local paused, id, kept, ends = KEYS[1], ARGV[1], ARGV[2], ARGV[3] == '1'
local found = {}
for i = 2, #KEYS do
  local hold, queue = KEYS[i], ARGV[2 + i]
  if redis.call('HEXISTS', hold, 'lease:' .. id) == 1 then
    redis.call('HSET', hold, 'beat:' .. id, ends and 0 or seconds())
    redis.call('EXPIRE', hold, kept)
    found[#found + 1] = redis.call('SISMEMBER', paused, queue) == 1 and 'p' or 'r'
  else
    found[#found + 1] = 'l'
  end
end
return table.concat(found)
