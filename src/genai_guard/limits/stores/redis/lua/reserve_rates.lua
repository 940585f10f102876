-- As `reserve`, where there are none but rates and windows, which is most calls: nothing is made a table of that need not
-- be.
local now = clock()
local stored = call('MGET', unpack(KEYS))
if stored[1] then return now end

local text, at = ARGV[2], 1
local after, epochs, cells, ticket = {}, {}, {}, {}
local reply, denied
local place, ttl = 0, LEAST_TTL
for i = 1, #KEYS - 1 do
  local kind, enforced, cost, a, b, c, d, e
  local state, epoch
  kind, enforced, cost, a, b, at = struct.unpack('<ddddd', text, at)
  if kind == GCRA then
    c, d, e, at = struct.unpack('<ddd', text, at)
    state, epoch = gcra_reserve(stored[i + 1], now, a, b, c, d, e), 0
  else
    place = place + 1
    state, epoch = ring_reserve(stored[i + 1], now, cost, a, b)
    if state then
      cells[i] = b
      ticket[#ticket + 1] = place
      ticket[#ticket + 1] = state[1]
      ticket[#ticket + 1] = cost
    end
    ttl = math.max(ttl, math.min((CELLS + 1) * b, MOST_TTL))
  end
  after[i], epochs[i] = state or false, epoch or 0
  if not state then
    reply = reply or {'yes', now}
    reply[#reply + 1] = i
    reply[#reply + 1] = stored[i + 1] and cmsgpack.unpack(stored[i + 1]) or {}
    denied = denied or enforced == 1
  end
end
if denied then
  reply[1] = 'no'
  return reply
end

for i = 1, #after do
  local state = after[i]
  if state and cells[i] then
    ring_write(KEYS[i + 1], state, epochs[i], cells[i])
  elseif state then
    set(KEYS[i + 1], state, state[1] + 1 - now)
  end
end
set(KEYS[1], ticket, ttl)
return reply or now
