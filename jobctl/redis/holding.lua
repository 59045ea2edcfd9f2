-- The beginning that the scripts about paused and held queues share.
--
-- A queue's leases are one hash:
--   v          version of this layout
--   before     1: the queue was paused before the first lease, or by hand since: it stays paused
--   leaving    the lease whose holder is resuming the queue just now, by way of its server
--   lease:ID   who holds it, as JSON
--   beat:ID    its last heartbeat, seconds by the clock of this Redis
-- A holder that has not been heard of for `stale` seconds counts as dead.

local VERSION = '1'

local function seconds()
  local t = redis.call('TIME')
  return tonumber(t[1]) + tonumber(t[2]) / 1000000
end

-- The ids of the leases of a hash: those that live, and those that do not.
local function leases(hold, stale)
  local flat = redis.call('HGETALL', hold)
  local ids, beats, live, dead = {}, {}, {}, {}
  for i = 1, #flat, 2 do
    local kind, id = string.match(flat[i], '^(%a+):(.*)$')
    if kind == 'lease' then ids[#ids + 1] = id end
    if kind == 'beat' then beats[id] = tonumber(flat[i + 1]) end
  end
  local oldest = seconds() - stale
  for i = 1, #ids do
    local group = (beats[ids[i]] or 0) >= oldest and live or dead
    group[#group + 1] = ids[i]
  end
  return live, dead
end

-- Whether another version of jobctl keeps its leases there.
local function foreign(hold)
  local version = redis.call('HGET', hold, 'v')
  return redis.call('EXISTS', hold) == 1 and version ~= VERSION and (version or '?') or nil
end

-- Whether somebody is resuming the queue just now.
local function leaving(hold, stale)
  local id = redis.call('HGET', hold, 'leaving')
  local beat = id and tonumber(redis.call('HGET', hold, 'beat:' .. id) or 0)
  return beat and beat >= seconds() - stale
end

local function drop(hold, id)
  redis.call('HDEL', hold, 'lease:' .. id, 'beat:' .. id)
end

-- Ends the holding of a queue that nobody living holds any more.
-- Returns s: it stays paused; n: it is not paused; r: resumed; w: `id` is to resume it by way of its server, and to say
-- when that is done; until then the leases stay, so that a queue is never paused without a trace.
local function ended(queue, hold, paused, notes, by_redis, id)
  if redis.call('HGET', hold, 'before') == '1' then
    redis.call('DEL', hold)
    return 's'
  end
  if redis.call('SISMEMBER', paused, queue) == 0 then
    redis.call('DEL', hold)
    return 'n'
  end
  if by_redis then
    redis.call('SREM', paused, queue)
    redis.call('HDEL', notes, queue)
    redis.call('DEL', hold)
    return 'r'
  end
  -- A server without memory refuses this; the queue must be resumed all the same.
  redis.pcall('HSET', hold, 'v', VERSION, 'leaving', id, 'beat:' .. id, seconds())
  if redis.pcall('TTL', hold) == -1 then redis.pcall('EXPIRE', hold, 3600) end  -- no lease is in it
  return 'w'
end
