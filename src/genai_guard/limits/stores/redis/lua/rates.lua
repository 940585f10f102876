-- GCRA. State: arrival time in microseconds, its fraction, fractions in a microsecond. Return the state after a cost
-- that takes so many microseconds and fractions to drain; nil if it is later than the most.
local function gcra_reserve(raw, now, add, add_part, most, most_part, parts)
  local us, part = now, 0
  if raw then
    local state = cmsgpack.unpack(raw)
    if state[3] ~= parts then -- another rate: as many units as before, rounded up
      local ahead = state[1] - now + state[2] / state[3]
      if ahead > 0 then us = now + math.ceil(ahead * state[3] / parts) end
    elseif state[1] >= now then
      us, part = state[1], state[2]
    end
  end
  us, part = us + add, part + add_part
  if part >= parts then us, part = us + 1, part - parts end
  local ahead = us - now
  if ahead > most or (ahead == most and part > most_part) then return nil end
  return {us, part, parts}
end

-- Ring. State: number of the current cell, then the units of each cell, the newest first.
local function ring_read(raw, now, cell)
  local epoch = math.floor(now / cell)
  local ring = raw and cmsgpack.unpack(raw)
  if not ring or epoch - ring[1] > CELLS then return {epoch}, epoch end
  local steps = epoch - ring[1]
  if steps > 0 then
    for i = math.min(#ring + steps, CELLS + 2), 2 + steps, -1 do ring[i] = ring[i - steps] end
    for i = 2, 1 + steps do ring[i] = 0 end
    ring[1] = epoch
  end
  return ring, epoch
end

local function ring_total(ring)
  local total = 0
  for i = 2, #ring do total = total + ring[i] end
  return total
end

local function ring_write(key, ring, epoch, cell)
  while #ring > 1 and ring[#ring] == 0 do ring[#ring] = nil end
  if #ring == 1 and ring[1] <= epoch then
    call('DEL', key)
  else
    set(key, ring, (ring[1] - epoch + CELLS + 1) * cell)
  end
end

-- Return the ring with a cost in it, and what its current cell would be; nil if there is no room.
local function ring_reserve(raw, now, cost, amount, cell)
  local ring, epoch = ring_read(raw, now, cell)
  if ring_total(ring) + cost > amount then return nil end
  ring[2] = (ring[2] or 0) + cost
  return ring, epoch
end
