-- Hides a string where only a look at everything finds it.

local text = hidden
hidden = nil
kept = coroutine.create(function(t)
  local u = t
  coroutine.yield()
  return u
end)
coroutine.resume(kept, text)
text = nil
look_everywhere()
