-- Values of all kinds are looked through, with calls under way.

local list = objects()
look_everywhere()
use(list)
look_everywhere()
