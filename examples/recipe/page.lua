--- One HTML page of an install base, with nothing from elsewhere in it: bars
-- of licenses by month and of installations by version, and a table that
-- sorts. What customers are named is escaped.

local celigo = require "celigo"
local plain = require "recipe.plain"
local look = require "recipe.look"

local page = {}

local DAY = 86400 -- seconds

-- {====== Pieces

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

local function escaped(value)
  return (plain.text(value):gsub("[&<>\"']", ENTITIES))
end

-- Names run in their own direction, and do not turn what stands beside them.
local function name_of(value)
  return value and ("<bdi>%s</bdi>"):format(escaped(value)) or '<span class="none">–</span>'
end

-- A bar of two parts: the first is what a look is meant for.
local function bar(label, first, second, most, note)
  local share = 100 / math.max(most, 1)
  return ([[<li><span class="label">%s</span><span class="track">]]
    .. [[<i class="first" style="width:%.2f%%"></i><i class="second" style="width:%.2f%%"></i></span>]]
    .. [[<span class="count">%d<span class="sr"> %s</span></span></li>]]):format(
    label, first * share, second * share, first + second, escaped(note))
end

local function tile(number, words, class)
  return ('<div class="tile %s"><b>%d</b> %s</div>'):format(number > 0 and class or "", number, escaped(words))
end

-- }======

-- {====== What is counted

local function ending_of(row)
  local text = row.expires or row.trial_end
  local seconds = text and celigo.parse_timestamp(text)
  return seconds and math.floor(seconds) or nil
end

-- Where a row stands: words, and a class of the style.
local function standing(row, now)
  if not row.license_id or row.is_orphan then return "no license", "bad" end
  local ending = ending_of(row)
  if not ending then return "no end", "" end
  if ending < now then return "ended", row.integration_id and "bad" or "" end
  if ending - now <= 30 * DAY then return "ends soon", "warn" end
  return row.trial_end and not row.expires and "trial" or "good", "good"
end

local function month_after(month)
  local year, number = month:match "^(%d+)-(%d+)$"
  year, number = math.tointeger(year), math.tointeger(number)
  return number == 12 and ("%04d-01"):format(year + 1) or ("%04d-%02d"):format(year, number + 1)
end

local MONTHS = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }

local function month_words(month)
  local year, number = month:match "^(%d+)-(%d+)$"
  return ("%s %s"):format(MONTHS[math.tointeger(number)], year)
end

-- Bars of licenses by the month in which they end: what has ended, thirteen
-- months, later, never.
local function month_bars(rows, now)
  local order, counts = { "Ended" }, {}
  local month = os.date("!%Y-%m", now)
  for _ = 1, 13 do
    order[#order + 1] = month
    month = month_after(month)
  end
  order[#order + 1], order[#order + 2] = "Later", "No end"
  for _, name in ipairs(order) do counts[name] = { 0, 0 } end
  for _, row in ipairs(rows) do
    if row.license_id and not row.is_orphan then
      local ending = ending_of(row)
      local key = not ending and "No end" or ending < now and "Ended" or os.date("!%Y-%m", ending)
      local count = counts[key] or counts.Later
      local part = row.integration_id and 1 or 2
      count[part] = count[part] + 1
    end
  end
  local most, bars = 0, {}
  for _, count in pairs(counts) do most = math.max(most, count[1] + count[2]) end
  for i, name in ipairs(order) do
    local count = counts[name]
    bars[i] = bar(name:find "^%d" and month_words(name) or name, count[1], count[2], most,
      ("licenses, %d installed"):format(count[1]))
  end
  return table.concat(bars, "\n")
end

-- Versions as people count: 1.10 is after 1.9.
local function version_key(version)
  return (version:gsub("%d+", function(digits) return ("%010d"):format(math.tointeger(digits:sub(-9))) end))
end

-- By connector, arrays of { version, idle, updating }, the newest first; the
-- connectors with the most installations first.
local function versions_of(rows)
  local connectors, by_id = {}, {}
  for _, row in ipairs(rows) do
    if row.integration_id and row.is_installed then
      local connector = by_id[row.connector_id]
      if not connector then
        connector = { name = row.connector, total = 0, list = {}, by_version = {} }
        by_id[row.connector_id] = connector
        connectors[#connectors + 1] = connector
      end
      local version = row.version or "not told"
      local entry = connector.by_version[version]
      if not entry then
        entry = { version = version, idle = 0, updating = 0 }
        connector.by_version[version] = entry
        connector.list[#connector.list + 1] = entry
      end
      local part = row.update_in_progress and "updating" or "idle"
      entry[part] = entry[part] + 1
      connector.total = connector.total + 1
    end
  end
  for i, connector in ipairs(connectors) do
    connector.order = i
    table.sort(connector.list, function(a, b) return version_key(a.version) > version_key(b.version) end)
  end
  table.sort(connectors, function(a, b)
    if a.total ~= b.total then return a.total > b.total end
    return a.order < b.order
  end)
  return connectors
end

local MOST_CONNECTORS, MOST_VERSIONS = 5, 6

local function version_bars(rows)
  local connectors, parts, most = versions_of(rows), {}, 0
  if #connectors == 0 then return '<p class="none">Nothing is installed.</p>' end
  for _, connector in ipairs(connectors) do
    for _, entry in ipairs(connector.list) do most = math.max(most, entry.idle + entry.updating) end
  end
  for i = 1, math.min(#connectors, MOST_CONNECTORS) do
    local connector, bars = connectors[i], {}
    for k = 1, math.min(#connector.list, MOST_VERSIONS) do
      local entry = connector.list[k]
      bars[k] = bar(escaped(entry.version), entry.idle, entry.updating, most,
        ("installations, %d being updated"):format(entry.updating))
    end
    if #connector.list > MOST_VERSIONS then
      bars[#bars + 1] = ('<li class="none">and %d older versions</li>'):format(#connector.list - MOST_VERSIONS)
    end
    parts[i] = ('<h3>%s</h3>\n<ul class="bars">\n%s\n</ul>'):format(name_of(connector.name), table.concat(bars, "\n"))
  end
  if #connectors > MOST_CONNECTORS then
    parts[#parts + 1] = ('<p class="none">and %d more connectors, in the table below</p>'):format(
      #connectors - MOST_CONNECTORS)
  end
  return table.concat(parts, "\n")
end

-- }======

-- {====== The table

local HEADINGS = { "Connector", "Customer", "Edition", "Ends", "Status", "Integration", "Version", "Update" }

local function cell(shown, key, class)
  class = class and (' class="%s"'):format(class) or ""
  return ('<td%s data-key="%s">%s</td>'):format(class, escaped(key or ""), shown)
end

local function customer_of(row)
  local first = row.company or row.user or row.email or row.integration
  local second = row.email ~= first and row.email or nil
  local shown = name_of(first) .. (second and ("<small>%s</small>"):format(name_of(second)) or "")
  return cell(shown, (first or "") .. " " .. (second or ""))
end

local function table_row(row, now)
  local words, class = standing(row, now)
  local ending = ending_of(row)
  local update = row.update_in_progress == true and "updating" or row.update_in_progress == false and "idle"
  return "<tr>" .. table.concat {
    cell(name_of(row.connector), row.connector),
    customer_of(row),
    cell(name_of(row.edition), row.edition),
    cell(ending and os.date("!%Y-%m-%d", ending) or name_of(nil), ending and ("%020d"):format(ending) or "", "num"),
    cell(('<span class="mark %s">%s</span>'):format(class, words), words),
    cell(name_of(row.integration_id and (row.integration or row.integration_id))
      .. (row.sandbox and " <small>sandbox</small>" or ""), row.integration or row.integration_id),
    cell(name_of(row.version), row.version and version_key(row.version), "num"),
    cell(name_of(update), update or ""),
  } .. "</tr>"
end

local function headings()
  local cells = {}
  for i, heading in ipairs(HEADINGS) do
    cells[i] = ('<th scope="col"%s><button type="button">%s</button></th>'):format(
      heading == "Ends" and ' aria-sort="ascending"' or "", heading)
  end
  return table.concat(cells)
end

-- }======

local function count(rows, test)
  local number = 0
  for _, row in ipairs(rows) do number = number + (test(row) and 1 or 0) end
  return number
end

local function tiles(connectors, rows, now)
  local function is_license(row) return row.license_id ~= nil and not row.is_orphan end
  local function ends_soon(row) return standing(row, now) == "ends soon" end
  return table.concat({
    tile(#connectors, "connectors", ""),
    tile(count(rows, is_license), "licenses", ""),
    tile(count(rows, function(row) return row.is_installed end), "installations", ""),
    tile(count(rows, ends_soon), "end within 30 days", "warn"),
    tile(count(rows, function(row) return is_license(row) and select(2, standing(row, now)) == "bad" end),
      "ended, still installed", "bad"),
    tile(count(rows, function(row) return row.update_in_progress == true end), "being updated", "warn"),
  }, "\n")
end

local MOST_ROWS = 5000 -- a browser sorts these at once

-- The rows that the table shows, by their end: all, or where they are too
-- many those that are in use or still good, the ones that end first.
local function listed(rows, now)
  table.sort(rows, function(a, b)
    local x, y = ending_of(a) or math.huge, ending_of(b) or math.huge
    if x ~= y then return x < y end
    return tostring(a.license_id or a.integration_id) < tostring(b.license_id or b.integration_id)
  end)
  if #rows <= MOST_ROWS then return rows end
  local list = {}
  for _, row in ipairs(rows) do
    if #list == MOST_ROWS then break end
    if row.integration_id or (ending_of(row) or math.huge) >= now then list[#list + 1] = row end
  end
  return list
end

local function alert(format, ...)
  return ('<p class="alert">%s</p>\n'):format(format:format(...))
end

--- The page: a text.
-- @tparam table facts `title`, `connectors`, `rows` (see recipe.installs),
--   `now` (seconds), `failed`, how many connectors could not be read
function page.make(facts)
  local rows, now, lines, alerts = facts.rows, facts.now, {}, ""
  local list = listed(rows, now)
  for i, row in ipairs(list) do lines[i] = table_row(row, now) end
  if facts.failed > 0 then
    alerts = alert("%d connectors could not be read and are missing here.", facts.failed)
  end
  if #list < #rows then
    alerts = alerts .. alert("The table lists %d of %d rows; the bars and totals count all.", #list, #rows)
  end
  local fills = {
    title = escaped(facts.title), style = look.style, script = look.script,
    made = os.date("!%Y-%m-%d %H:%M UTC", now),
    alerts = alerts,
    tiles = tiles(facts.connectors, rows, now), months = month_bars(rows, now), versions = version_bars(rows),
    headings = headings(), rows = table.concat(lines, "\n"), count = tostring(#list),
    version = escaped(celigo._VERSION),
  }
  return (look.page:gsub("{{(%w+)}}", fills))
end

return page
