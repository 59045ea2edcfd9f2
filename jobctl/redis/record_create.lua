-- Create a record in a state, as if it had been unqueued and had then entered it.
-- Uses: records
-- KEYS  1 the record, then the 13 indexes, then the sets of its name, arguments and provider's id
-- ARGV  1 id, 2 the state, then the fields it has beside those that every record has: name, JSON
-- Returns created; exists; or type and the key that holds another type.

local hash, id, state = KEYS[1], ARGV[1], ARGV[2]
local where = indexes(2)
if redis.call('EXISTS', hash) == 1 then return { 'exists' } end
local key = odd_index(where) or odd('set', KEYS, where.last + 1, #KEYS)
if key then return { 'type', key } end
local failure = probe(where)
if failure then return failure end

local time = now()
local field = moment(state)
local fields = {
  'id', quoted(id), 'progress', state == 'succeeded' and '1.0' or '0', 'errors', '[]',
  'attempt', '0', 'state', quoted(state), 'recorded_at', time,
}
if field ~= 'recorded_at' then
  fields[#fields + 1] = field
  fields[#fields + 1] = time
end
for i = 3, #ARGV do fields[#fields + 1] = ARGV[i] end

local added, _
added, failure = attempt('SADD', where.states[state], id)
if failure then return failure end
_, failure = attempt('HSET', hash, unpack(fields))
if failure then
  if added == 1 then redis.call('SREM', where.states[state], id) end
  return failure
end
leave_others(where, state, id)
redis.call('ZADD', where.moments.recorded_at, time, id)
if field ~= 'recorded_at' then redis.call('ZADD', where.moments[field], time, id) end
for i = where.last + 1, #KEYS do redis.call('SADD', KEYS[i], id) end
return { 'created' }
