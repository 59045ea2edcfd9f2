-- Set fields of a record, add an error to its errors, and update the sets that index its name,
-- arguments and provider's id. The errors are text here: what is there stays to the byte.
-- Uses: records
-- KEYS  1 the record, then the sets that index the old values, then those of the new values
-- ARGV  1 id, 2 how many sets are the old ones, 3 the error as JSON (empty: none), 4 what stands in
--       the place of errors, where it was read and is no array, 5 how the array begins that takes
--       its place, 6 how many fields were read; then of each: name, its JSON (empty: there is none);
--       then the fields to set: name and JSON in turn
-- Returns set; changed: something is not as it was read, or errors are no array and were not read;
-- or another outcome, and its detail.

local hash, id, new_error, read, instead = KEYS[1], ARGV[1], ARGV[3], ARGV[4], ARGV[5]
local last_old, count = 1 + tonumber(ARGV[2]), tonumber(ARGV[6])
local outcome, detail = unfit(hash)
if outcome then return { outcome, detail } end

local WHITE = '[ \t\r\n]'
local MOST = 1000  -- blanks around: a text of nothing else must not take long

-- The text up to the bracket that ends it, without that; nothing where none does.
local function open_end(text)
  local last = #text
  while last > #text - MOST and string.find(text, '^' .. WHITE, last) do last = last - 1 end
  return string.sub(text, last, last) == ']' and string.sub(text, 1, last - 1) or nil
end

local function beginning(text)
  if not set(text) then return '[' end
  local first = string.find(string.sub(text, 1, MOST), '[^ \t\r\n]')
  local open = first and string.sub(text, first, first) == '[' and open_end(text)
  if open then
    local empty = #open < MOST and string.find(open, '^' .. WHITE .. '*%[' .. WHITE .. '*$')
    return open .. (empty and '' or ',')
  end
  return instead ~= '' and text == read and instead or nil
end

local fields = { unpack(ARGV, 7 + 2 * count) }
for i = 7, 5 + 2 * count, 2 do
  if (redis.call('HGET', hash, ARGV[i]) or '') ~= ARGV[i + 1] then return { 'changed' } end
end
if new_error ~= '' then
  local start = beginning(redis.call('HGET', hash, 'errors'))
  if not start then return { 'changed' } end
  fields[#fields + 1] = 'errors'
  fields[#fields + 1] = start .. new_error .. ']'
end

local _, failure
if #KEYS > 1 then
  local key = odd('set', KEYS, 2, #KEYS)
  if key then return { 'type', key } end
  failure = probe_record(hash)
  if failure then return failure end
  _, failure = attempt('SREM', KEYS[2], hash .. '\0')  -- finds nothing: it asks for permission
  if failure then return failure end
end
local stays, added = {}, {}
local function take_back(reply)
  for i = 1, #added do redis.call('SREM', added[i], id) end
  return reply
end
for i = last_old + 1, #KEYS do
  stays[KEYS[i]] = true
  local new
  new, failure = attempt('SADD', KEYS[i], id)
  if failure then return take_back(failure) end
  if new == 1 then added[#added + 1] = KEYS[i] end
end
_, failure = attempt('HSET', hash, unpack(fields))
if failure then return take_back(failure) end
for i = 2, last_old do
  if not stays[KEYS[i]] then redis.call('SREM', KEYS[i], id) end
end
return { 'set' }
