-- SPDX-License-Identifier: MIT
-- Looks and asks what the tests beside it want to know of the simulated world.
playbook {
  name = "worlds", version = "1.0.0", owner = "ops",
  summary = "See what a simulated world is made of.",
  may_change = { "zone.set_mx:{domain}", "notify", "page", "command.run:flush", "start:part" },
  stale_after = "15m",
  exclusive = "mx:{domain}",
  params = {
    domain = param.domain "A domain" { default = "example.com" },
    show   = param.choice "What to see" { "dns", "smtp", "gate", "move", "ladder", "command", "child" },
    wait   = param.duration "How long first" { default = "0s" },
    quorum = param.integer "For a gate" { default = 1 },
  },
  changelog = { ["1.0.0"] = "First version" },
}

local show = {}

function show.dns(p)
  evidence("authoritative", dns.mx(p.domain, { at = "authoritative" }))
  evidence("resolver", dns.query(p.domain, "MX"))
  evidence("one server", dns.query(p.domain, "MX", { server = "192.0.2.53" }))
end

function show.smtp() evidence("probe", smtp.probe("mx1.example.com", { rcpt = "postmaster@example.com" })) end

function show.command()
  evidence("looked", command.probe("length"))
  command.run("flush", { queue = "deferred" })
end

function show.child()
  local child = start("part@2", { size = 3 })
  evidence("ended", start.wait(child.run, { within = "1h" }))
end

function show.gate(p)
  local answer = approve { "Go?", by = "lead", deadline = "10m", quorum = p.quorum, remind = false }
  evidence("answer", answer)
end

function show.move(p)
  evidence("moved", zone.set_mx(p.domain, { { preference = 10, host = "mx2.example.com" } }))
  show.dns(p)
  sleep "2h"
  show.dns(p)
end

function show.ladder()
  evidence("rungs", notify.ladder("oncall").rungs)
  evidence("people", notify.ladder("oncall", { people = true }).rungs)
end

function main(p)
  sleep(p.wait)
  show[p.show](p)
  finish "seen"
end
