-- KEYS: ticket, then one for each claim. ARGV: holder, then the claims.
-- Reply: the time, if every claim was granted, or had been when the same was asked before. Else an array of a word and
-- the time; after 'no' and 'yes' follow the number and state of every claim refused, after 'yes' of those in shadow mode.
local holder = ARGV[1]
local now = clock()
local stored = call('MGET', unpack(KEYS))
if stored[1] then return now end
local claims = claims_of(ARGV[2], stored, now)
if not claims then return {'again', now} end

local reply, denied
for i = 1, #claims do
  local c = claims[i]
  if not reserve(c, now, holder) then
    reply = reply or {'yes', now}
    reply[#reply + 1] = i
    reply[#reply + 1] = read(c, now)
    denied = denied or c.enforced == 1
    c.refused = true
  end
end
if denied then
  reply[1] = 'no'
  return reply
end

local ticket, place, ttl = {}, 0, LEAST_TTL
for i = 1, #claims do
  local c = claims[i]
  if holds(c) then
    place = place + 1
    if not c.refused then
      ticket[#ticket + 1] = place
      ticket[#ticket + 1] = c.mark
      ticket[#ticket + 1] = c.cost
    end
    ttl = math.max(ttl, ticket_ttl(c))
  end
  if not c.refused then commit(c, now, holder) end
end
set(KEYS[1], ticket, ttl)
return reply or now
