-- What all scripts have in common. Times are microseconds since 1970 of the server's clock; numbers are doubles, and
-- every one that is counted with is a whole number below 2^53, which `call` writes in full. Claims are doubles in a row:
--   kind, enforced, cost (or what was used; -1 for unknown), then
--   GCRA:   microseconds and fraction of the cost, of the tolerance; fractions in a microsecond
--   ring:   amount, length of a cell
--   ledger: amount, lease, release, begin and end of a period and of the next one in seconds
--   slots:  amount, lease
local GCRA, RING, LEDGER, SLOTS = 1, 2, 3, 4
local CELLS = 12
local MOST = 4503599627370496 -- 2^52
local GRACE_MS = 1000
local LEAST_TTL = 10000000 -- of a ticket, which may tell no more than that a call has been counted
local MOST_TTL = 3600000000 -- of what a ticket holds of a window
local call = redis.call

local function clock()
  local t = call('TIME')
  return t[1] * 1000000 + t[2]
end

local function set(key, state, ttl_us)
  call('SET', key, cmsgpack.pack(state), 'PX', math.ceil(ttl_us / 1000) + GRACE_MS)
end
