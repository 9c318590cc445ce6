//! The same stage for one's own hands: `make run`.

use super::{Trouble, args::Args, stage::Stage, told_to_stop};
use crate::service::faults::Setting;

/// Start everything, say what to try, and wait for Ctrl-C or for a program that ends by itself.
pub async fn serve(args: &Args) -> Result<bool, Trouble> {
    let mut stage = tokio::select! {
        stage = Stage::set(args) => stage?,
        stopped = told_to_stop() => return stopped.map(|()| true),
    };
    let faults = Setting { share: args.share, hang_ms: args.hang_ms, seed: args.seed, ..Setting::default() };
    stage.set_faults(&faults).await?;
    println!("{}", what_to_try(&stage, args)?);
    tokio::select! {
        stopped = told_to_stop() => stopped?,
        why = stage.watch() => return Err(stage.keep_and_explain(&why)),
    }
    println!("\nEnding…");
    stage.end().await?;
    println!("Data, config and logs are kept in {}", stage.keep().display());
    Ok(true)
}

fn what_to_try(stage: &Stage, args: &Args) -> Result<String, Trouble> {
    let (a, b) = stage.service_urls();
    let (host, admin) = (stage.host_url(), stage.admin_url());
    let folder = stage.folder().display();
    let handler = args.handler_file()?;
    let handler = handler.display();
    let (language, build) = (args.handler.name(), args.handler.build());
    let create_one = Args::program(None, "create-one")?;
    let create_one = create_one.display();
    let percent = args.share * 100.0;
    Ok(format!(
        r#"
The host, service A and service B run; {percent:.0} % of the calls of A and B go wrong.

  host       {host}   for clients (gRPC, with reflection)
             {admin}   for operators: mpy6a status --host {admin}
  service A  {a}   keeps users
  service B  {b}   indexes and searches them
  {folder}
             holds mpy6a.toml (the host's config), the logs, and the data

Create a user through the pipe, step by step; die on the way, and watch the
handler finish:

  {create_one} --nick zoe --name Zoë
  {create_one} --nick tom --name Tom --die-at index
  tail -f {folder}/host.log

Look, from outside:

  curl '{a}/users'
  curl '{a}/users?nick=zoe'
  curl '{b}/search?q=zoe'

Make every call of A go wrong, or none; count what went wrong:

  curl -X PUT {a}/faults -d '{{"share": 1}}'
  curl -X PUT {a}/faults -d '{{"share": 0}}'
  curl {a}/faults

Change the handler while all this runs: edit it in plugins-examples/create-user/
{language}/, run {build}, and the host has the new one in
service within a second:

  {handler}

Ctrl-C ends everything."#
    ))
}
