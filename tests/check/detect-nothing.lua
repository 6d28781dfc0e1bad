-- Detect looks and returns nothing
playbook {
  name = "detect-nothing", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  watch = { every = "1m", confirm = 3, clear = 3, again_after = "30m" },
  changelog = { ["1.0.0"] = "First version" },
}
function detect(p) -- expect: no-verdict @ function
  mail.inbound(p.domain)
end
function main(p)
  finish("done", p.domain)
end
