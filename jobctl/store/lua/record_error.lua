-- Adds an error to those of a record. They are text here: what is there stays to the byte.
-- KEYS  1 the record
-- ARGV  1 the error as JSON; where what is there was read, and is no array: 2 that, 3 how the array
--       begins that takes its place
-- Returns added; changed: what is there is no array, and not as it was read; or another outcome,
-- and its detail.

local hash, new, read, instead = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
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
  return text == read and instead or nil
end

local start = beginning(redis.call('HGET', hash, 'errors'))
if not start then return { 'changed' } end
local _, failure = attempt('HSET', hash, 'errors', start .. new .. ']')
return failure or { 'added' }
