-- KEYS: ticket, then one for each claim. ARGV: holder, then the claims.
-- Reply: the time, if every claim was granted, or had been when the same was asked before. Else an array of a word and
-- the time; after 'no' and 'yes' follow the number and state of every claim refused, after 'yes' of those in shadow mode.
local holder = ARGV[1]
local now = clock()
local stored = call('MGET', unpack(KEYS))
if stored[1] then return now end
local claims = claims_of(2, stored, now)
if not claims then return {'again', now} end

local refused, denied = {}, false
for i, c in ipairs(claims) do
  if not reserve(c, now, holder) then
    refused[#refused + 1] = i
    denied = denied or c.enforced == 1
    c.refused = true
  end
end
local reply = {denied and 'no' or 'yes', now}
for _, i in ipairs(refused) do
  reply[#reply + 1] = i
  reply[#reply + 1] = read(claims[i], now)
end
if denied then return reply end

local ticket, place = {}, 0
for _, c in ipairs(claims) do
  local held = holds(c)
  if held then place = place + 1 end
  if not c.refused then
    commit(c, now, holder)
    if held then
      ticket[#ticket + 1] = place
      ticket[#ticket + 1] = c.mark
      ticket[#ticket + 1] = c.cost
    end
  end
end
set(KEYS[1], ticket, ticket_ttl(claims))
if #refused > 0 then return reply end
return now
