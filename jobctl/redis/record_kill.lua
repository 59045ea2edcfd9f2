-- Asks for the end of a record's job.
-- KEYS  1 the record
-- ARGV  none
-- Returns an outcome of `request_kill`, and its detail.

local outcome, detail = request_kill(KEYS[1], now())
return type(outcome) == 'table' and outcome or { outcome, detail }
