-- Pause and resume queues, and keep the leases of those who hold them paused.
-- KEYS  1 the set of paused queues, 2 the notes of pauses (queue -> who, when and why), then for
--       each queue the hash of its leases
-- ARGV  1 the action: one of the functions below, 2 id of the lease, or of the caller, 3 seconds
--       after which a holder without a heartbeat counts as dead, 4 1: write the set of paused
--       queues here, else the Faktory server does that, 5 to 7 as the action says; then the name
--       of each queue
-- Returns ok and what the action says, mostly a letter for each queue; or, where nothing was
--         changed: wait (somebody is resuming this queue just now), held (somebody holds it) or
--         version (another jobctl's leases are there; its version follows), and the queue.
--
-- The leases of a queue are one hash:
--   v          version of this layout
--   before     1: the queue was paused before the first lease, or by hand since: it stays paused
--   leaving    the lease whose holder is resuming the queue just now, by way of its server
--   lease:ID   who holds it, as JSON
--   beat:ID    its last heartbeat, seconds by the clock of this Redis

local VERSION = '1'
local MARK_KEPT = 3600  -- seconds that a mark without a lease is kept

local paused, notes = KEYS[1], KEYS[2]
local id, stale, by_redis = ARGV[2], tonumber(ARGV[3]), ARGV[4] == '1'
local FIRST, NAMES = 3, 5  -- from KEYS[FIRST] on, KEYS[i] are the leases of queue ARGV[NAMES + i]

local function seconds()
  local time = redis.call('TIME')
  return tonumber(time[1]) + tonumber(time[2]) / 1000000
end

-- The ids of the leases of a hash: those whose holders live, and those whose holders are dead.
local function leases(hold)
  local flat = redis.call('HGETALL', hold)
  local ids, beats, live, dead = {}, {}, {}, {}
  for i = 1, #flat, 2 do
    local kind, of = string.match(flat[i], '^(%a+):(.*)$')
    if kind == 'lease' then ids[#ids + 1] = of end
    if kind == 'beat' then beats[of] = tonumber(flat[i + 1]) end
  end
  local oldest = seconds() - stale
  for i = 1, #ids do
    local group = (beats[ids[i]] or 0) >= oldest and live or dead
    group[#group + 1] = ids[i]
  end
  return live, dead
end

-- The version of another jobctl that keeps its leases there; nil where there is none.
local function foreign(hold)
  local version = redis.call('HGET', hold, 'v')
  return redis.call('EXISTS', hold) == 1 and version ~= VERSION and (version or '?') or nil
end

local function held(hold)
  local live, dead = leases(hold)
  return foreign(hold) or #live + #dead > 0
end

-- Whether somebody is resuming the queue just now.
local function leaving(hold)
  local by = redis.call('HGET', hold, 'leaving')
  local beat = by and tonumber(redis.call('HGET', hold, 'beat:' .. by) or 0)
  return beat and beat >= seconds() - stale
end

local function is_paused(queue)
  return redis.call('SISMEMBER', paused, queue) == 1
end

local function drop(hold, lease)
  redis.call('HDEL', hold, 'lease:' .. lease, 'beat:' .. lease)
end

local function keep_mark(hold)
  if redis.pcall('TTL', hold) == -1 then redis.pcall('EXPIRE', hold, MARK_KEPT) end
end

-- End the holding of a queue that has no living holder left.
-- Returns s: it stays paused; n: it is not paused; r: resumed; w: the caller is to resume it by way
-- of its server and then to call `left`; until then the leases stay, so that no queue is paused
-- without a trace.
local function ended(queue, hold)
  if redis.call('HGET', hold, 'before') == '1' then
    redis.call('DEL', hold)
    return 's'
  end
  if not is_paused(queue) then
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
  keep_mark(hold)
  return 'w'
end

-- Call f(queue, hold) for each queue until one of them is refused; returns the refusal.
local function refusal(f)
  for i = FIRST, #KEYS do
    local refused = f(ARGV[NAMES + i], KEYS[i])
    if refused then return refused end
  end
  return nil
end

-- Call f(queue, hold, place) for each queue; returns ok and the letters.
local function each(f)
  local letters = {}
  for i = FIRST, #KEYS do
    local place = i - FIRST + 1
    letters[place] = f(ARGV[NAMES + i], KEYS[i], place)
  end
  return { 'ok', table.concat(letters) }
end

local actions = {}

-- Pause queues by hand, or note who did so by way of their server. A queue that is held stays
-- paused when its holders are gone.
-- 5 for each queue 1 where it was paused before, else 0; empty: look here, 6 the note: who, when
-- and why, 7 1: it takes the place of one that is there
-- Letters: a it was paused already, p paused now.
function actions.pause()
  local before, note, anew = ARGV[5], ARGV[6], ARGV[7] == '1'
  return each(function(queue, hold, place)
    local was = string.sub(before, place, place) == '1' or before == '' and is_paused(queue)
    if by_redis then redis.call('SADD', paused, queue) end
    local is_held = redis.call('EXISTS', hold) == 1 and not foreign(hold)
    if not was or anew then
      redis.call('HSET', notes, queue, note)
    elseif is_held then
      redis.call('HSETNX', notes, queue, note)
    end
    if is_held then redis.call('HSET', hold, 'before', 1) end
    return was and 'a' or 'p'
  end)
end

-- Resume queues by hand, or drop the notes of those that were resumed by way of their server.
-- 5 1: also where they are held
-- Letters: r it was paused, n it was not.
function actions.resume()
  local force = ARGV[5] == '1'
  return refusal(function(queue, hold)
    if not force and (held(hold) or leaving(hold)) then return { 'held', queue } end
  end) or each(function(queue, hold)
    local was = is_paused(queue)
    if by_redis then redis.call('SREM', paused, queue) end
    redis.call('HDEL', notes, queue)
    -- It was asked to run now, so it must not stay paused when its holders leave.
    if redis.call('EXISTS', hold) == 1 and not foreign(hold) then
      redis.pcall('HSET', hold, 'before', 0)
    end
    return was and 'r' or 'n'
  end)
end

-- Mark queues that are about to be resumed by way of their server, so that new holders wait until
-- that is done: all of them, or none.
-- 5 1: also where they are held
function actions.mark()
  local force = ARGV[5] == '1'
  return refusal(function(queue, hold)
    if not force and held(hold) then return { 'held', queue } end
    if leaving(hold) then return { 'wait', queue } end
  end) or each(function(_, hold)
    if foreign(hold) then return '' end
    redis.call('HSET', hold, 'v', VERSION, 'leaving', id, 'beat:' .. id, seconds())
    keep_mark(hold)
    return ''
  end)
end

-- Remove the marks of queues; leases stay.
function actions.unmark()
  return each(function(_, hold)
    if redis.call('HGET', hold, 'leaving') ~= id then return '' end
    redis.call('HDEL', hold, 'leaving', 'beat:' .. id)
    local live, dead = leases(hold)
    if #live + #dead == 0 then redis.call('DEL', hold) end
    return ''
  end)
end

-- Take a lease on queues: on all of them, or on none.
-- 5 the lease, as JSON, 6 seconds that leases are kept
-- Letters: 1 it was paused before the first lease, 0 it was not.
function actions.take()
  local lease, kept = ARGV[5], ARGV[6]
  return refusal(function(queue, hold)
    local version = foreign(hold)
    if version then return { 'version', queue, version } end
    if leaving(hold) then return { 'wait', queue } end
  end) or each(function(queue, hold)
    local live, dead = leases(hold)
    if #live + #dead == 0 then
      redis.call('DEL', hold)
      redis.call('HSET', hold, 'v', VERSION, 'before', is_paused(queue) and 1 or 0)
    elseif not is_paused(queue) then
      redis.call('HSET', hold, 'before', 0)  -- somebody resumed it meanwhile
    end
    redis.call('HDEL', hold, 'leaving')
    redis.call('HSET', hold, 'lease:' .. id, lease, 'beat:' .. id, seconds())
    redis.call('EXPIRE', hold, kept)
    if by_redis then redis.call('SADD', paused, queue) end
    return redis.call('HGET', hold, 'before')
  end)
end

-- Note that the holder of a lease lives, or that it has given up.
-- 5 1: it has given up, and counts as dead, 6 seconds that leases are kept
-- Letters: p held and paused, r held, and somebody resumed it, l the lease is lost.
function actions.beat()
  local gone, kept = ARGV[5] == '1', ARGV[6]
  return each(function(queue, hold)
    if redis.call('HEXISTS', hold, 'lease:' .. id) == 0 then return 'l' end
    redis.call('HSET', hold, 'beat:' .. id, gone and 0 or seconds())
    redis.call('EXPIRE', hold, kept)
    return is_paused(queue) and 'p' or 'r'
  end)
end

-- Give a lease back; the last living holder resumes the queue.
-- 5 for each queue 1 where it was paused before, else 0
-- Letters: o others hold it; or as `ended` returns.
function actions.leave()
  local before = ARGV[5]
  return each(function(queue, hold, place)
    if foreign(hold) then return 'o' end
    local held_by_me = redis.call('HEXISTS', hold, 'lease:' .. id) == 1
    local live, dead = leases(hold)
    local others = #live
    for i = 1, #live do
      if live[i] == id then others = others - 1 end
    end
    if others > 0 then
      drop(hold, id)
      return 'o'
    end
    if held_by_me or #dead > 0 then return ended(queue, hold) end
    -- The lease was cleared, or Redis lost it: what it paused must not stay paused for ever.
    if not is_paused(queue) then return 'n' end
    local was = string.sub(before, place, place) == '1'
    if was or redis.call('HEXISTS', notes, queue) == 1 then return 's' end
    return ended(queue, hold)
  end)
end

-- Drop the leases of dead holders; a queue that nobody else holds is resumed.
-- Letters: x there was none, o others hold it, v another version's; or as `ended` returns.
function actions.clear()
  return each(function(queue, hold)
    if foreign(hold) then return 'v' end
    local live, dead = leases(hold)
    if #dead == 0 then return #live > 0 and 'o' or 'x' end
    if #live == 0 then return ended(queue, hold) end
    for i = 1, #dead do drop(hold, dead[i]) end
    return 'o'
  end)
end

-- End the holding of queues that were resumed by way of their server.
function actions.left()
  return each(function(queue, hold)
    if redis.call('HGET', hold, 'leaving') == id then
      redis.call('DEL', hold)
      redis.call('HDEL', notes, queue)
    end
    return ''
  end)
end

return actions[ARGV[1]]()
