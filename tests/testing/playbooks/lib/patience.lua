-- SPDX-License-Identifier: MIT
-- Shared by the playbooks of this folder: waiting for a host, and saying how that went.
local count = use "lib/count"
local M = {}

function M.until_up(host, patience)
  step("Wait for " .. host)
  local probe = wait_until(patience, { every = "1m" }, function()
    count.one()
    local found = smtp.probe(host)
    return found.verdict == "up" and found
  end)
  evidence("looks", count.total())
  return probe
end

-- Nobody in this folder asks for it: it must not count as missing.
function M.page_everybody(host)
  page("everybody", "no-such-template", { host = host })
end

return M
