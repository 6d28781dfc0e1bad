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
                result = "done", acts = { "notify team down", "notify team plain", "notify team", "notify" }, told = { "team", "ana" } },
      ["one-more"] = {
        faults = {
          "provider dsn refused", -- expect: drill-name @ "provider
          "channel psh down", -- expect: drill-name @ "channel
          "person anna yes 2m", -- expect: drill-name @ "person
          "fails notfy refused", -- expect: drill-name @ "fails
          "fails mail.inbound lost", -- expect: drill-name @ "fails
          "fails notify lost", -- expect: drill-name @ "fails
          "host_sleeps 5m", -- expect: drill-name @ "host_sleeps
          "smtp_down mx1.example.com mx2.example.com", -- expect: drill-name @ "smtp_down
          "smtp_down mx1.example.com 4.7.1", "smtp_down mx1.example.com silent", "fails notify refused 1",
        },
        result = "mendet", -- expect: drill-name @ result
        acts = {
          "notfy team down", -- expect: drill-name @ "notfy
          "notify team dwon", -- expect: drill-name @ "notify
          "notify team do", -- expect: drill-name @ "notify
          "notify teem down", -- expect: drill-name @ "notify
          "escalate oncall down", -- expect: drill-name @ "escalate
          "zone.set_mx example.com", -- expect: drill-name @ "zone
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
  notify("team", "plain", {})
  if p.domain == "example.com" then finish("mended") end
end

--[==[ templates/down.md
{{host}} is down
]==]

--[==[ templates/plain.txt
Down
]==]

--[==[ muster.lua
return {
  people = { ana = { name = "Ana", teams = { "team" }, contact = { "push:ana" } } },
  channels = { push = { kind = "ntfy", url = "https://ntfy.example.org" } },
  audiences = { team = { "ana" } },
  providers = { dns = { driver = "powerdns", url = "https://dns.example.org", key = "0123456789abcdef" } },
}
]==]
