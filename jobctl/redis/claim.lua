-- Claim an operation, so that only one of several holders of the same plan carries it out.
-- Uses: begin
-- KEYS  1 operation, 2 a sorted set that the operation will remove members of
-- ARGV  1 the field of the claim, 2 kept, 3 who claims it
-- Returns who has claimed it (where it was claimed before, begin.lua has returned that).

local failure = claim(KEYS[2])
if failure then return failure end
redis.call('HSET', operation, number, ARGV[3])
return ARGV[3]
