-- The same in what detect saw
playbook {
  name = "verdict-samples", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function detect(p) return mail.inbound(p.domain) end
function main(_, samples)
  if samples.last.verdict ~= "okay" then fail("down") end -- expect: unknown-verdict @ "okay"
  finish("done")
end
