-- Says that a queue was resumed by way of its server, and that its holding is over.
-- KEYS  1 the notes of pauses, then the leases of each queue
-- ARGV  1 id, then the queues
-- Returns how many.

local ended = 0
for i = 2, #KEYS do
  if redis.call('HGET', KEYS[i], 'leaving') == ARGV[1] then
    redis.call('DEL', KEYS[i])
    redis.call('HDEL', KEYS[1], ARGV[i])
    ended = ended + 1
  end
end
return ended
