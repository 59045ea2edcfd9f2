-- Remove members from a sorted set.
-- Uses: begin
-- KEYS  1 operation, 2 source
-- ARGV  1 number, 2 kept, then the members
-- Returns the result: d, g.

local source = KEYS[2]
local failure = claim(source)
if failure then return failure end
local scores, refused = attempt('ZMSCORE', source, unpack(ARGV, 3))
if refused then return abandon(refused) end
local _
_, refused = attempt('ZREM', source, unpack(ARGV, 3))
if refused then return abandon(refused) end
local outcomes = {}
for i = 1, #scores do outcomes[i] = scores[i] and 'd' or 'g' end
return finish(outcomes)
