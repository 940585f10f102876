-- KEYS: nothing, then one for each claim. ARGV: the claims. Reply: 1.
local now = clock()
for _, c in ipairs(claims_of(ARGV[1], call('MGET', unpack(KEYS)))) do
  if c.kind == RING then -- leave an empty one that is a cell ahead, into which no open ticket can give anything back
    local ring, epoch = ring_read(c.raw, now, c.cell)
    if ring_total(ring) > 0 then ring_write(c.key, {ring[1] + 1}, epoch, c.cell) end
  else
    call('DEL', c.key)
  end
end
return 1
