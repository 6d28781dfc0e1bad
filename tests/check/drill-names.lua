-- Scenarios that name what there is not
playbook {
  name = "drill-names", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { "notify" },
  params = { domain = param.domain "The domain" },
  drill = {
    every = "30d",
    targets = { acknowledge = "5m" },
    scenarios = {
      right = { faults = { "provider dns refused", "at 5m channel push down", "person ana yes 2m", "fails notify refused", "smtp_down {domain}" },
                result = "done", acts = { "notify team down" }, told = { "team", "ana" } },
      ["one-more"] = {
        faults = {
          "provider dsn refused", -- expect: drill-name @ "provider
          "channel psh down", -- expect: drill-name @ "channel
          "person anna yes 2m", -- expect: drill-name @ "person
          "fails notfy refused", -- expect: drill-name @ "fails
          "fails mail.inbound lost", -- expect: drill-name @ "fails
        },
        result = "mendet", -- expect: drill-name @ result
        acts = {
          "notfy team down", -- expect: drill-name @ "notfy
          "notify team dwon", -- expect: drill-name @ "notify
        },
        told = {
          "teem", -- expect: drill-name @ "teem
        },
      },
    },
  },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  notify("team", "down", { host = p.domain })
  if p.domain == "example.com" then finish("mended") end
end

--[==[ templates/down.md
{{host}} is down
]==]

--[==[ muster.lua
return {
  people = { ana = { name = "Ana", teams = { "team" }, contact = { "push:ana" } } },
  channels = { push = { kind = "ntfy", url = "https://ntfy.example.org" } },
  audiences = { team = { "ana" } },
  providers = { dns = { driver = "powerdns", url = "https://dns.example.org", key = "0123456789abcdef" } },
}
]==]
