-- SPDX-License-Identifier: MIT
-- Ask several name servers at once, and believe what enough of them say.
playbook {
  name = "probe-quorum", version = "1.0.0", owner = "ops",
  summary = "Say whether a domain still has the MX it should, as seen from several resolvers.",
  may_change = { "notify" },
  params = {
    domain    = param.domain "Whose MX",
    host      = param.host "The MX it should have",
    resolvers = param.list(param.string) "Who is asked" { default = { "192.0.2.1", "192.0.2.2", "192.0.2.3" } },
    quorum    = param.integer "How many must say the same" { default = 2, min = 1 },
  },
  changelog = { ["1.0.0"] = "First version" },
}

local function sees(p, resolver)                       -- "there", "gone", or nil: it said nothing
  local seen = dns.mx(p.domain, { server = resolver, timeout = "2s" })
  if not seen.ok then return nil end
  for _, mx in ipairs(seen.mx) do
    if mx.host == p.host then return "there" end
  end
  return "gone"
end

function main(p)
  step "Ask them all at once"
  local votes = { there = 0, gone = 0, silent = 0 }
  for _, vote in ipairs(each(p.resolvers, { limit = 8 }, function(resolver) return sees(p, resolver) or "silent" end)) do
    votes[vote] = votes[vote] + 1
  end
  evidence("votes", votes)

  step "Judge"
  if votes.there >= p.quorum then finish("there", votes.there .. " see it") end
  if votes.gone < p.quorum then finish("inconclusive", "too few answered: nobody is alarmed") end
  notify("team", "mx-gone", { domain = p.domain, host = p.host, gone = votes.gone, asked = #p.resolvers })
  finish("gone", votes.gone .. " of " .. #p.resolvers .. " don't see it")
end
