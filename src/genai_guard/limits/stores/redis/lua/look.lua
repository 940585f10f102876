-- KEYS: nothing, then one for each claim. ARGV: the claims. Reply: the time, then the state of each.
local now = clock()
local reply = {now}
for i, c in ipairs(claims_of(ARGV[1], call('MGET', unpack(KEYS)))) do reply[i + 1] = read(c, now) end
return reply
