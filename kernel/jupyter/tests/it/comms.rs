//! Comms, and the truth of the kernel's state while something is answered beside a running cell.

use crate::toy::start;
use candlewick_jupyter::Channel;
use candlewick_jupyter::front_end::line;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn known_comms_are_answered_and_unknown_ones_closed() {
    let (mut front_end, _served, _) = start().await;
    let mut check = async |msg_type: &str, content: Value, expect: &[&str]| {
        let id = front_end.send(Channel::Shell, msg_type, content.clone()).await.unwrap();
        let published = front_end.collect_published(&id).await.unwrap();
        assert_eq!(published.iter().map(line).collect::<Vec<_>>(), expect, "{msg_type} {content}");
    };
    check("comm_open", json!({"comm_id": "e", "target_name": "echo"}), &["busy", "comm_msg", "idle"]).await;
    check("comm_msg", json!({"comm_id": "e", "data": {}}), &["busy", "comm_msg", "idle"]).await;
    check("comm_open", json!({"comm_id": "u", "target_name": "unknown"}), &["busy", "comm_close", "idle"]).await;
    check("comm_open", json!({}), &["busy", "comm_close", "idle"]).await;
    check("comm_msg", json!({"comm_id": "u"}), &["busy", "idle"]).await;
    check("comm_close", json!({"comm_id": "u"}), &["busy", "idle"]).await;
    check("comm_close", json!({"comm_id": "panic"}), &["busy", "idle"]).await;
    assert_eq!(front_end.execute("1").await.unwrap().content()["status"], "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_comm_message_reaches_a_cell_that_runs() {
    let (mut front_end, _served, _) = start().await;
    let content = json!({"code": "wait", "stop_on_error": false});
    let cell = front_end.send(Channel::Shell, "execute_request", content).await.unwrap();
    let message = front_end.send(Channel::Shell, "comm_msg", json!({"comm_id": "release"})).await.unwrap();
    assert_eq!(front_end.collect(&cell).await.unwrap().content()["ename"], "Interrupted");
    assert_eq!(front_end.collect_published(&message).await.unwrap().len(), 2, "it has its turn too");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_state_is_busy_as_long_as_a_cell_runs() {
    let (mut front_end, _served, _) = start().await;
    let cell = front_end.send(Channel::Shell, "execute_request", json!({"code": "block"})).await.unwrap();
    while front_end.next_message().await.unwrap().1.msg_type() != "execute_input" {}
    for _ in 0..20 {
        let info = front_end.request(Channel::Control, "kernel_info_request", json!({})).await.unwrap();
        assert_eq!(info.transcript(), ["busy", "idle"]);
        let (_, again) = front_end.next_message().await.unwrap();
        assert_eq!((again.parent_id(), line(&again).as_str()), (cell.as_str(), "busy"));
    }
    front_end.request(Channel::Control, "interrupt_request", json!({})).await.unwrap();
    front_end.collect(&cell).await.unwrap();
    let next = front_end.request(Channel::Control, "kernel_info_request", json!({})).await.unwrap();
    assert_eq!(next.transcript(), ["busy", "idle"]);
    front_end.limit = std::time::Duration::from_millis(100);
    assert!(front_end.next_message().await.is_err(), "nothing is busy after the cell's idle");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_busy_has_its_idle_whatever_is_asked_when() {
    let (mut front_end, _served, _) = start().await;
    let mut ids = Vec::new();
    for n in 0..200 {
        let code = format!("print {n}");
        ids.push(front_end.send(Channel::Shell, "execute_request", json!({"code": code})).await.unwrap());
        ids.push(front_end.send(Channel::Control, "kernel_info_request", json!({})).await.unwrap());
    }
    let (mut idle, mut last) = (std::collections::HashSet::new(), Value::Null);
    while idle.len() < ids.len() {
        let (channel, message) = front_end.next_message().await.unwrap();
        if channel != Channel::IoPub || message.parent_header.is_empty() {
            continue;
        }
        let id = message.parent_id().to_owned();
        assert!(!idle.contains(&id), "{} after idle", line(&message));
        if message.msg_type() == "status" {
            last = message.content["execution_state"].clone();
            if last == "idle" {
                idle.insert(id);
            }
        }
    }
    assert_eq!(last, "idle");
}
