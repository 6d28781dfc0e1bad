-- SPDX-License-Identifier: MIT
-- A library of its own, used by one that it shares with others.
local patience = use "lib/patience"

playbook {
  name = "library", version = "1.0.0", owner = "ops",
  summary = "Wait for a host, by way of libraries.",
  may_change = {},
  params = { host = param.host "The host", patience = param.duration "How long" { default = "10m" } },
  changelog = { ["1.0.0"] = "First version" },
}

function main(p)
  if not patience.until_up(p.host, p.patience) then fail(p.host .. " did not come") end
  finish("up")
end
