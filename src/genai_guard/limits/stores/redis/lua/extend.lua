-- KEYS: ticket, then those of the claims that can hold something. ARGV: holder, then these claims, with -1 for the cost
-- of one in which the ticket holds nothing. A ticket long forgotten takes anew what it is asked for.
-- Reply: the time, or an array as of `reserve`.
local holder = ARGV[1]
local now = clock()
local stored = call('MGET', unpack(KEYS))
local raw = stored[1]
local ticket = raw and cmsgpack.unpack(raw) or {}
local claims = claims_of(ARGV[2], stored, now)
if not claims then return {'again', now} end

local latest = {}
for i = 1, #ticket, 3 do latest[ticket[i]] = i end
local reply, denied = {'no', now}, false
for place, c in ipairs(claims) do
  if latest[place] or (not raw and c.cost > 0) then
    c.granted = reserve(c, now, holder)
    if not c.granted and c.enforced == 1 then
      denied = true
      reply[#reply + 1] = place
      reply[#reply + 1] = read(c, now)
    end
  end
end
if denied then return reply end

local ttl = LEAST_TTL
for place, c in ipairs(claims) do
  local at = latest[place]
  ttl = math.max(ttl, ticket_ttl(c))
  if c.granted then
    commit(c, now, holder)
    if not at or (c.kind ~= SLOTS and c.cost > 0) then
      if at and ticket[at + 1] == c.mark then
        ticket[at + 2] = ticket[at + 2] + c.cost
      else
        ticket[#ticket + 1] = place
        ticket[#ticket + 1] = c.mark
        ticket[#ticket + 1] = c.cost
      end
    end
  end
end
if raw or #ticket > 0 then set(KEYS[1], ticket, ttl) end
return now
