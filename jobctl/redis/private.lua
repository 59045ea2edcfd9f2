-- Push a job to lists that expire after a few seconds.
-- KEYS  the lists
-- ARGV  1 the job, 2 seconds
-- Returns OK.
--
-- EXPIRE comes first, while there is nothing to expire: if it is denied, nothing was written. It is
-- also a write that takes no memory, after which a Redis that is full lets the script go on.

for i = 1, #KEYS do redis.call('EXPIRE', KEYS[i], ARGV[2]) end
for i = 1, #KEYS do
  redis.call('LPUSH', KEYS[i], ARGV[1])
  redis.call('EXPIRE', KEYS[i], ARGV[2])
end
return redis.status_reply('OK')
