-- Enters a state; started once more is a restart.
-- KEYS  1 the record, 2 where its attempt is put when it restarts, then the 13 indexes
-- ARGV  1 id, 2 the state, 3 the number of its attempt, as it was read
-- Returns an outcome of `enter`, and its detail.

local where = indexes(3)
local key = odd_index(where)
if key then return { 'type', key } end
local failure = probe(where)
if failure then return failure end
local record = { hash = KEYS[1], id = ARGV[1], number = ARGV[3], aside = KEYS[2] }
local outcome, detail = enter(record, ARGV[2], where, now())
return type(outcome) == 'table' and outcome or { outcome, detail }
