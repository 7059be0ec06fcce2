-- What the tables of a Markdown file say, for specs that compare them with the
-- code.

local pages = {}

pages.read = require("spec.support.shell").read

local function trim(text)
  return text:match "^%s*(.-)%s*$"
end

-- The rows of the table whose first heading is `heading`: arrays of cells.
-- nil where the file has no such table.
function pages.rows(path, heading)
  local rows
  for line in (pages.read(path) .. "\n"):gmatch "(.-)\n" do
    local cells = {}
    for cell in (line:match "^|(.*)|$" or ""):gmatch "[^|]+" do cells[#cells + 1] = trim(cell) end
    if cells[1] == heading and not rows then
      rows = {}
    elseif rows and not cells[1] then
      break
    elseif rows and not cells[1]:find "^%-+$" then
      rows[#rows + 1] = cells
    end
  end
  return rows
end

-- The names within backticks of the first cells, as a set.
function pages.names(rows)
  local names = {}
  for _, row in ipairs(rows) do
    for name in row[1]:gmatch "`([%w_]+)" do
      assert(not names[name], name .. " stands there twice")
      names[name] = true
    end
  end
  return names
end

return pages
