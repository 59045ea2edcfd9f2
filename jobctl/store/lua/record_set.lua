-- Sets one field of a record, which no index leads to.
-- KEYS  1 the record
-- ARGV  1 the field, 2 its JSON
-- Returns set; or an outcome, and its detail.

local outcome, detail = unfit(KEYS[1])
if outcome then return { outcome, detail } end
local _, failure = attempt('HSET', KEYS[1], ARGV[1], ARGV[2])
return failure or { 'set' }
