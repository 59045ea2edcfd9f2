-- Adds an error to those of a record. They are text here: what is there stays to the byte.
-- KEYS  1 the record
-- ARGV  1 the error as JSON
-- Returns added; or an outcome, and its detail.

local hash, new = KEYS[1], ARGV[1]
local outcome, detail = unfit(hash)
if outcome then return { outcome, detail } end

-- What is no array becomes its first element, what is no JSON a text.
local function first_part(text)
  if not set(text) or string.match(text, '^%s*%[%s*%]%s*$') then return '[' end
  local array = string.match(text, '^(%s*%[.*)%]%s*$')
  if array then return array .. ',' end
  if not pcall(cjson.decode, text) then text = quoted(text) end
  return '[' .. text .. ','
end

local _, failure = attempt('HSET', hash, 'errors',
  first_part(redis.call('HGET', hash, 'errors')) .. new .. ']')
return failure or { 'added' }
