-- Shared by the scripts that change status records: their states, their indexes, what is checked.
-- KEYS, ARGV  those of the script; reads neither by itself. Returns nothing.
--
-- A record is a hash whose values are JSON text, as Jobba writes it: 0, 1.0, [], "failed", null.
-- Its indexes are the sets of the states, the sorted sets of the times (microseconds), and a set
-- for each job name, argument and provider's id.
--
-- Redis does not roll back. So each script first checks what could be refused: the types of the
-- keys (`odd`), then memory and permissions (`probe`, with writes that change nothing). What can
-- still be refused after that is refused before anything has changed, or taken back.
--
-- Outcomes, some with a detail:
--   missing   there is no such record
--   type KEY  the key holds another type
--   changed   something is not as it was read: read it again
-- or the error reply of a command; nothing has changed then.

local STATES = {
  'unqueued', 'queued', 'started', 'succeeded', 'failed', 'killed', 'unknown',
}
local MOMENTS = {
  'recorded_at', 'queued_at', 'started_at', 'succeeded_at', 'failed_at', 'killed_at',
}

local function attempt(...)
  local reply = redis.pcall(...)
  if type(reply) == 'table' and reply.err then return nil, reply end
  return reply, nil
end

-- The key among `keys` from `first` to `last` that holds another type, if any.
local function odd(kind, keys, first, last)
  for i = first, last do
    local found = redis.call('TYPE', keys[i]).ok
    if found ~= 'none' and found ~= kind then return keys[i] end
  end
  return nil
end

-- The indexes by state and by time: the 13 keys from KEYS[first] on, in the order above.
local function indexes(first)
  local found = { first = first, last = first + #STATES + #MOMENTS - 1, states = {}, moments = {} }
  for i = 1, #STATES do found.states[STATES[i]] = KEYS[first + i - 1] end
  for i = 1, #MOMENTS do found.moments[MOMENTS[i]] = KEYS[first + #STATES + i - 1] end
  return found
end

-- The key of an index by state or time that holds another type, if any.
local function odd_index(where)
  local split = where.first + #STATES
  return odd('set', KEYS, where.first, split - 1) or odd('zset', KEYS, split, where.last)
end

-- Check memory, ZADD and SREM. The member is no id: it is the name of an index. Returns the error.
local function probe(where)
  local zset, set = where.moments.recorded_at, where.states.unknown
  local _, failure = attempt('ZADD', zset, 'XX', 0, zset .. '\0')
  if failure then return failure end
  _, failure = attempt('SREM', set, set .. '\0')
  return failure
end

-- Check memory and HSETNX on a record that is there. Returns the error.
local function probe_record(hash)
  local _, failure = attempt('HSETNX', hash, redis.call('HKEYS', hash)[1], '')
  return failure
end

-- The outcome for a key that holds no record; nil if it holds one.
local function unfit(hash)
  local kind = redis.call('TYPE', hash).ok
  if kind == 'none' then return 'missing' end
  if kind ~= 'hash' then return 'type', hash end
  return nil
end

-- Microseconds since the epoch by the clock of this Redis, as text.
local function now()
  local time = redis.call('TIME')
  return time[1] .. string.format('%06d', time[2])
end

local ESCAPES = {
  ['"'] = '\\"', ['\\'] = '\\\\', ['\b'] = '\\b', ['\f'] = '\\f', ['\n'] = '\\n', ['\r'] = '\\r',
  ['\t'] = '\\t',
}

-- A text as JSON. Bytes that are no UTF-8 stay as they are.
local function quoted(text)
  local function escape(char)
    return ESCAPES[char] or string.format('\\u%04x', string.byte(char))
  end
  return '"' .. string.gsub(text, '[%z\1-\31"\\]', escape) .. '"'
end

-- Whether a field has a value: it is there, and not null.
local function set(text)
  return text and text ~= 'null'
end

-- The name of the time that a state stamps.
local function moment(state)
  if state == 'unqueued' or state == 'unknown' then return 'recorded_at' end
  return state .. '_at'
end

-- The number of an attempt, as text; what is no number counts as 0.
local function attempt_number(text)
  local digits = text and #text <= 15 and string.match(text, '^[1-9]%d*$')
  return digits or '0'
end

local function leave_others(where, state, id)
  for i = 1, #STATES do
    if STATES[i] ~= state then redis.call('SREM', where.states[STATES[i]], id) end
  end
end

-- Restart a record: archive its hash as an attempt, and put a fresh one in its place.
-- Returns restarted; or taken KEY: something else is where the attempt would be put.
local function restart(record, where, time)
  local hash, id, aside = record.hash, record.id, record.aside
  local was = redis.call('HMGET', hash, 'attempt', 'recorded_at', 'queued_at', 'job_name',
    'job_args', 'provider_job_id')
  local number = attempt_number(was[1])
  if number ~= record.number then return 'changed' end
  if redis.call('EXISTS', aside) == 1 then return 'taken', aside end
  local left = redis.call('PTTL', hash)
  local _, failure = attempt('RENAME', hash, hash)
  if failure then return failure end
  if left >= 0 then
    _, failure = attempt('PEXPIRE', aside, left + 1)  -- nothing is there yet
    if failure then return failure end
  end

  local added
  added, failure = attempt('SADD', where.states.started, id)
  if failure then return failure end
  _, failure = attempt('HSET', hash, 'id', quoted(id .. ':' .. number))
  if failure then
    if added == 1 then redis.call('SREM', where.states.started, id) end
    return failure
  end
  redis.call('RENAME', hash, aside)
  redis.call('HSET', hash, 'id', quoted(id), 'attempt', string.format('%.0f', number + 1),
    'recorded_at', was[2] or 'null', 'queued_at', was[3] or 'null', 'progress', '0',
    'errors', '[]', 'job_name', was[4] or 'null', 'job_args', set(was[5]) and was[5] or '{}',
    'provider_job_id', was[6] or 'null', 'state', '"started"', 'started_at', time)
  if left >= 0 then redis.call('PEXPIRE', hash, left + 1) end
  leave_others(where, 'started', id)
  redis.call('ZADD', where.moments.started_at, time, id)
  return 'restarted'
end

-- Let a record enter a state; call `odd_index` and `probe` once before. A record is a table:
--   hash    its key
--   id      raw
--   number  its attempt as it was read (text), and
--   aside   the key where that is put when it restarts; both for `started` alone
-- Returns entered; same: it is in that state already; or what `restart` returns.
local function enter(record, state, where, time)
  local hash, id, field = record.hash, record.id, moment(state)
  local outcome, detail = unfit(hash)
  if outcome then return outcome, detail end
  local was = redis.call('HMGET', hash, 'state', field)
  if state == 'started' and set(was[2]) then return restart(record, where, time) end
  if was[1] == quoted(state) then return 'same' end

  local fields = { 'state', quoted(state) }
  local stamped = not set(was[2])
  if stamped then fields[3], fields[4] = field, time end
  if state == 'succeeded' then
    fields[#fields + 1] = 'progress'
    fields[#fields + 1] = '1.0'
  end
  local added, failure = attempt('SADD', where.states[state], id)
  if failure then return failure end
  local _
  _, failure = attempt('HSET', hash, unpack(fields))
  if failure then
    if added == 1 then redis.call('SREM', where.states[state], id) end
    return failure
  end
  leave_others(where, state, id)
  if stamped then redis.call('ZADD', where.moments[field], time, id) end
  return 'entered'
end

-- Request the end of a record's job; the first request stays. Returns requested, or same.
local function request_kill(hash, time)
  local outcome, detail = unfit(hash)
  if outcome then return outcome, detail end
  if set(redis.call('HGET', hash, 'kill_requested_at')) then return 'same' end
  local _, failure = attempt('HSET', hash, 'kill_requested_at', time)
  return failure or 'requested'
end
