--- What the recipes print: text that is safe on a terminal, tables, CSV, JSON
-- lines, a progress bar.

local celigo = require "celigo"
local csv = require "recipe.csv"
local files = require "recipe.files"
local plain = require "recipe.plain"

local output = { quiet = false } -- --quiet is given

local terminals = {}

--- Whether the standard output (1) or the standard error (2) is a terminal.
function output.is_terminal(number)
  if terminals[number] == nil then
    terminals[number] = files.execute(("test -t %d"):format(number)) == true
  end
  return terminals[number]
end

-- {====== Progress

local BAR = 30 -- characters
local BAR_AFTER = 1 -- seconds

local doing = "working" -- what is shown on a terminal when it takes long
local is_shown = false
local since, drawn = os.time(), 0 -- when it began, when it was drawn

-- The control sequence that takes the bar away, and notes that it is gone.
local function without_bar()
  local erase = is_shown and "\r\27[K" or ""
  is_shown = false
  return erase
end

local function draw()
  drawn = os.time()
  if drawn - since < BAR_AFTER then return end
  io.stderr:write(("\r\27[K%s  %d s"):format(doing, drawn - since))
  io.stderr:flush()
  is_shown = true
end

--- Takes the progress bar from the terminal: what it told of is over.
function output.clear_bar()
  io.stderr:write(without_bar())
  doing, since = "working", os.time()
end

--- A function of what is done, of how many (nil: not known), and a text that
-- is to stand behind it. It draws a bar on a terminal once a second has
-- passed, and takes it away when all is done. nil where there is no terminal.
function output.progress_bar(label)
  if output.quiet or not output.is_terminal(2) then return nil end
  output.clear_bar()
  doing = label
  return function(done, total, more)
    if total and done >= total then return output.clear_bar() end
    more = more and "  " .. plain.text(more) or ""
    if total then
      local full = BAR * done // math.max(total, 1)
      doing = ("%s [%s%s] %d/%d%s"):format(label, ("#"):rep(full), ("."):rep(BAR - full), done, total, more)
    else
      doing = ("%s %d%s"):format(label, done, more)
    end
    draw()
  end
end

local HOOK_COUNT = 100000 -- instructions; a call that waits gives it its turn

--- From here on whatever takes longer than a second shows on a terminal for
-- how long, were it a single call. Ctrl-C takes the place of this hook.
function output.show_waiting()
  if output.quiet or not output.is_terminal(2) then return end
  output.clear_bar()
  debug.sethook(function()
    if os.time() ~= drawn then draw() end
  end, "", HOOK_COUNT)
end

-- }======

-- {====== Lines

local function format_plain(format, ...)
  local words = table.pack(...)
  for i = 1, words.n do
    if type(words[i]) ~= "number" then words[i] = plain.text(words[i]) end
  end
  return format:format(table.unpack(words, 1, words.n))
end

--- Writes a line to the standard error: what went wrong. Control characters
-- in what is put into the format are shown, not sent.
function output.complain(format, ...)
  io.stderr:write(without_bar(), format_plain(format, ...), "\n")
end

--- Writes a line to the standard error: what is good to know. Nothing with
-- --quiet.
function output.say(format, ...)
  if not output.quiet then output.complain(format, ...) end
end

--- Like `say`, but on a terminal only: what cron should not mail.
function output.remark(format, ...)
  if output.is_terminal(2) then output.say(format, ...) end
end

local unwritten -- why results were lost

local function note(good, message)
  if not good then unwritten = unwritten or message end
end

--- Writes a text to the standard output as it is. Where that fails, the
-- recipe goes on, for the rest of what it does is still to be told, and fails
-- at its end.
function output.write(text)
  if is_shown and output.is_terminal(1) then io.stderr:write(without_bar()) end
  note(io.stdout:write(text))
end

--- Writes a line of a format to the standard output; as `complain` it shows
-- control characters.
function output.print(format, ...)
  output.write(format_plain(format, ...) .. "\n")
end

--- Hands on what was written so far.
function output.flush()
  note(io.stdout:flush())
end

--- Why the standard output could not be written, or nil. A reader that has
-- seen enough, such as `head`, is no reason.
function output.failure()
  output.flush()
  if unwritten and unwritten:find "Broken pipe" then return nil end
  return unwritten
end

-- }======

-- {====== Tables

local styles = { bold = 1, dim = 2, red = 31, green = 32, yellow = 33 }

--- A text for the standard output in a style, where that is a terminal and
-- NO_COLOR is not set.
function output.styled(style, text)
  local no_color = os.getenv "NO_COLOR"
  if (no_color and no_color ~= "") or not output.is_terminal(1) then return text end
  return ("\27[%dm%s\27[0m"):format(styles[style], text)
end

local function padded(text, width, to_right)
  local spaces = (" "):rep(width - plain.width(text))
  return to_right and spaces .. text or text .. spaces
end

--- Prints rows (arrays of values) below headings; numbers go to the right.
function output.print_table(headings, rows, indent)
  local widths, numeric, lines = {}, {}, { headings }
  for i, heading in ipairs(headings) do widths[i] = plain.width(heading) end
  for _, row in ipairs(rows) do
    local line = {}
    for i = 1, #headings do
      numeric[i] = numeric[i] or type(row[i]) == "number"
      line[i] = plain.text(row[i] == nil and "" or row[i])
      widths[i] = math.max(widths[i], plain.width(line[i]))
    end
    lines[#lines + 1] = line
  end
  for n, line in ipairs(lines) do
    local cells = {}
    for i, cell in ipairs(line) do cells[i] = padded(cell, widths[i], numeric[i]) end
    local text = table.concat(cells, "  "):gsub("%s+$", "")
    output.write((indent or "") .. (n == 1 and output.styled("dim", text) or text) .. "\n")
  end
end

-- One line of JSON with the members in the columns' order: the same record is
-- the same bytes in every run.
local function json_line(columns, record)
  local members = {}
  for i, name in ipairs(columns) do
    local value = record[name]
    if value == nil then value = celigo.null end
    members[i] = assert(celigo.json.encode(name)) .. ":" .. assert(celigo.json.encode(value))
  end
  return plain.json("{" .. table.concat(members, ",") .. "}") .. "\n"
end

local function row_of(columns, record)
  local row = {}
  for i, name in ipairs(columns) do row[i] = record[name] end
  return row
end

--- The text of records as CSV or as JSON lines. columns are the names of
-- members, records are tables by name.
function output.lines_of(kind, columns, records)
  local lines = {}
  if kind == "csv" then lines[1] = csv.line(columns) end
  for _, record in ipairs(records) do
    lines[#lines + 1] = kind == "csv" and csv.line(row_of(columns, record), #columns) or json_line(columns, record)
  end
  return table.concat(lines)
end

--- Writes records as the arguments ask: JSON lines, CSV, or a table for
-- people, with headings in place of the columns' names where they are given.
function output.report(args, columns, records, headings)
  if args.json or args.csv then
    return output.write(output.lines_of(args.json and "json" or "csv", columns, records))
  end
  if #records == 0 then return end
  local rows, shown = {}, {}
  for i, record in ipairs(records) do rows[i] = row_of(columns, record) end
  for i, name in ipairs(columns) do shown[i] = headings and headings[i] or name:gsub("_", " "):upper() end
  output.print_table(shown, rows)
end

-- }======

return output
