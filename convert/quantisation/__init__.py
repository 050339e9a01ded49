"""int8 artifacts: static quantisation after training, chosen by its agreement with f32."""
