-- KEYS: ticket, then those of the claims that can hold something. ARGV: holder, `maybe` if it is not known whether the
-- ticket was granted, then these claims, with what was used for their cost.
-- Reply: 1; 0 for a ticket that is settled, or forgotten; or an array of 'again' and the time.
local holder = ARGV[1]
local now = clock()
local stored = call('MGET', unpack(KEYS))
local raw = stored[1]
if not raw then
  if ARGV[2] == 'maybe' then set(KEYS[1], {}, 60000000) end -- should it yet arrive, it is not to be granted
  return 0
end
local claims = claims_of(ARGV[3], stored, now)
if not claims then return {'again', now} end

local ticket, latest, left = cmsgpack.unpack(raw), {}, {}
if ARGV[2] == 'maybe' then
  set(KEYS[1], {}, 60000000)
else
  call('DEL', KEYS[1])
end
for i = 1, #ticket, 3 do latest[ticket[i]] = i end
for i = 1, #ticket, 3 do
  local place, mark, reserved = ticket[i], ticket[i + 1], ticket[i + 2]
  local c = claims[place]
  if c.cost >= 0 then -- the earliest part first, and the rest to the last one
    local rest = left[place] or c.cost
    local used = latest[place] == i and rest or math.min(reserved, rest)
    left[place] = rest - used
    if c.kind == SLOTS then
      call('ZREM', c.key, holder)
    elseif c.kind == LEDGER then
      ledger_settle(c, now, holder, mark, reserved, used)
    elseif used ~= reserved then
      ring_settle(c, now, mark, reserved, used)
    end
  end
end
return 1
