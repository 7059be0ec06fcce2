-- Busted's output: one line for each spec file, every failure whole and at
-- once, what was left out and why, and `N passed, N failed` at the end.

local pretty = require "pl.pretty"

local function text_of(message)
  if type(message) == "string" then return message end
  return message == nil and "nil" or pretty.write(message)
end

local function location_of(failure)
  local trace = failure.element.trace or failure.trace
  return trace and trace.short_src
    and ("%s:%d: "):format(trace.short_src, trace.currentline) or ""
end

return function()
  local busted = require "busted"
  local handler = require "busted.outputHandlers.base" ()
  local passed, failed = 0, 0
  local file = { passed = 0, failed = 0, left_out = 0 }

  -- The newest of the handler's failures.
  local function print_failure(failure)
    failed = failed + 1
    file.failed = file.failed + 1
    print(("\nFAILED %s%s\n%s"):format(
      location_of(failure), failure.name, text_of(failure.message)))
    local trace = failure.trace and failure.trace.traceback
    if trace and trace ~= "" then print(trace) end
    print()
  end

  local function on_failure()
    print_failure(handler.failures[#handler.failures])
    return nil, true
  end

  -- Errors, and failures outside of a test: a file that does not load, a
  -- `setup` that raises.
  local function on_error(element)
    if element.descriptor ~= "it" then print_failure(handler.errors[#handler.errors]) end
    return nil, true
  end

  local function on_test_error()
    print_failure(handler.errors[#handler.errors])
    return nil, true
  end

  -- $SPEC_NOW is a file for the name of the test that is under way: where a
  -- test never ends, the runner tells which.
  local now = os.getenv "SPEC_NOW"

  local function on_test_start(element)
    local note = now and io.open(now, "w")
    if note then
      note:write(handler.getFullName(element), "\n")
      note:close()
    end
    return nil, true
  end

  local function on_test_end(_, _, status)
    if status == "success" then
      passed = passed + 1
      file.passed = file.passed + 1
    elseif status == "pending" then
      file.left_out = file.left_out + 1
    end
    return nil, true
  end

  local function on_file_start()
    file = { passed = 0, failed = 0, left_out = 0 }
    return nil, true
  end

  local function on_file_end(element)
    local parts = { file.passed .. " passed" }
    if file.failed > 0 then parts[#parts + 1] = file.failed .. " FAILED" end
    if file.left_out > 0 then parts[#parts + 1] = file.left_out .. " left out" end
    print(("  %-36s %-28s %6.1f s"):format(
      element.name, table.concat(parts, ", "), element.duration or 0))
    io.stdout:flush()
    return nil, true
  end

  -- Tests that were left out for the same reason stand in one line.
  local function print_left_out()
    local reasons, names = {}, {}
    for _, test in ipairs(handler.pendings) do
      local reason = text_of(test.message):gsub("^%S+:%d+: ", "")
      if not names[reason] then reasons[#reasons + 1], names[reason] = reason, {} end
      table.insert(names[reason], test.name)
    end
    for _, reason in ipairs(reasons) do
      local n = #names[reason]
      print(("    left out: %s: %s"):format(n == 1 and names[reason][1] or n .. " tests", reason))
    end
  end

  local function on_exit()
    print_left_out()
    print(("%d passed, %d failed"):format(passed, failed))
    return nil, true
  end

  busted.subscribe({ "test", "start" }, on_test_start)
  busted.subscribe({ "test", "end" }, on_test_end)
  busted.subscribe({ "failure", "it" }, on_failure)
  busted.subscribe({ "error", "it" }, on_test_error)
  busted.subscribe({ "failure" }, on_error)
  busted.subscribe({ "error" }, on_error)
  busted.subscribe({ "file", "start" }, on_file_start)
  busted.subscribe({ "file", "end" }, on_file_end)
  busted.subscribe({ "exit" }, on_exit)
  return handler
end
